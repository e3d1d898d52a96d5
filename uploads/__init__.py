"""The portal's one app: a survey result's way from an agent's keyboard to CustomerGauge and into the history.

    entry/      STEP 1  agents: form, validation, one transaction that saves submission, delivery and audit event
    delivery/   STEP 2  the worker: claim, send, judge, settle
    history/    STEP 3  managers: list and story of every submission
    admin/              administrators: reason codes, workflow statuses, fields

    models/             what lies between the steps: the steps meet in tables and never import one another
    audit/              guards of the append-only tables, refusals and sign-ins on the record
    customergauge/      the API client; knows no Django and no database
    simulator/          a stand-in CustomerGauge server for practice, rehearsal and tests

Imports point downwards only: urls, admin, commands > entry, delivery, history > audit > models > nothing.
"""
