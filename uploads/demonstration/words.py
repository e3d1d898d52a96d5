"""Names and comments of invented customers."""

FIRST = [
    "Lee", "Sofia", "Daan", "Emma", "Liam", "Noor", "Lucas", "Julia", "Sem", "Mila", "Finn", "Tess", "Omar",
    "Zoë", "Hugo", "Lotte", "Jesse", "Eva", "Adam", "Fatima", "Thomas", "Ingrid", "Pieter", "Chiara", "André",
    "Leïla", "Søren", "Agnieszka", "Yuki", "Mohammed", "Anne-Marie",
]  # fmt: skip
LAST = [
    "Klameth", "Bakker", "Visser", "de Boer", "Mulder", "van den Berg", "Smit", "Meijer", "O'Brien", "García",
    "Nowak", "Schneider", "Rossi", "Dubois", "Lindqvist", "van der Westhuizen-Oosterhout", "Yılmaz", "Haddad",
    "Ferreira", "Kowalczyk", "Janssens", "Petit", "Hansen", "Kaya",
]  # fmt: skip
COMPANIES = ["northwind", "brightwater", "oakfield", "stellar", "tulip", "havenlink", "meridian", "bluebird"]
COMMENTS = {
    "promoter": [
        "Solved in one call. I wish every company worked like this.",
        "The mechanic explained everything and left the place tidier than it was.",
        "Always the same friendly people on the phone. Never had to repeat my story.",
        "Quick, clear, and they called back to check whether it still worked.",
        "Great product and the delivery came a day early.",
        "Happy with everything. Please keep the Saturday hours!",
        "",
        "Maria from planning deserves a bonus: she found a slot the same afternoon.",
    ],
    "passive": [
        "Fine on the whole. The website could be clearer about delivery times.",
        "Good product, but the invoice took two weeks.",
        "No complaints, but nothing special either.",
        "Friendly, though I waited twelve minutes before somebody picked up.",
        "",
        "It works. Setting it up took longer than the leaflet says.",
    ],
    "detractor": [
        "Third visit for the same defect. I want to speak to a manager.",
        "Nobody called back although it was promised twice.",
        "The parcel was incomplete and support kept asking for a photo I had already sent.",
        "Invoice is wrong for the second month in a row.",
        "Waited 40 minutes on the phone, then the line dropped.",
        "Too expensive for what it is.\nThe competitor offers installation for free.",
        "",
        "Your mechanic was late, did not apologise and left without testing it.",
    ],
}
