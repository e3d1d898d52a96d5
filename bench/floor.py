"""The floor: the same number of threads posting the same bodies with bare `requests`, and nothing written down.

python bench/floor.py URL ROWS THREADS
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import requests
from backlog import result


def main(url: str, rows: int, threads: int) -> None:
    bodies = [result(0, number)["payload"] for number in range(rows)]

    def post(body: object) -> int:
        reply = requests.post(f"{url}/v4.1/transactions/response.json", data=body, timeout=30)
        return int(reply.json()["Data"]["number_customergauge"])

    with ThreadPoolExecutor(threads) as pool:
        numbers = set(pool.map(post, bodies))
    if len(numbers) != rows:
        raise SystemExit(f"{rows} were sent, {len(numbers)} answered")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
