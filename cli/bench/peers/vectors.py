"""Peers for the scoring alone, one thread: faiss and usearch over the passages of the bench. Prints one JSON object.

Run in the folder that has the data, with the packages on PYTHONPATH. Argument: `faiss` or `usearch`.
"""

import json
import resource
import sys
import time

import numpy as np

with open("data.json", encoding="utf-8") as file:
    WIDTH = json.load(file)["width"]
PASSAGES = np.fromfile("passages.f32", dtype=np.float32).reshape(-1, WIDTH)
QUESTIONS = np.fromfile("questions.f32", dtype=np.float32).reshape(-1, WIDTH)


def rss_mb():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def measured(make, search):
    """Builds an index, then asks each question by itself."""
    before, began = rss_mb(), time.perf_counter()
    index = make()
    build_s, memory_mb = time.perf_counter() - began, rss_mb() - before
    for question in QUESTIONS[:10]:
        search(index, question)
    walls, found = [], []
    processor = time.process_time()
    for question in QUESTIONS:
        at = time.perf_counter()
        found.append([int(row) for row in search(index, question)])
        walls.append(1000 * (time.perf_counter() - at))
    processor_ms = 1000 * (time.process_time() - processor) / len(QUESTIONS)
    figures = {"p50_ms": sorted(walls)[len(walls) // 2], "processor_ms": processor_ms}
    return {**figures, "found": found, "build_s": build_s, "memory_mb": memory_mb}


def with_faiss():
    import faiss

    faiss.omp_set_num_threads(1)

    def added(index):
        index.add(PASSAGES)
        return index

    def graph():
        index = faiss.IndexHNSWFlat(WIDTH, 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efSearch = 128
        return added(index)

    def search(index, question):
        return index.search(question[None], 10)[1][0]

    return {
        "flat": measured(lambda: added(faiss.IndexFlatIP(WIDTH)), search),
        "hnsw": measured(graph, search),
    }


def with_usearch():
    from usearch.index import Index, search as exact_search

    def graph():
        index = Index(ndim=WIDTH, metric="cos", dtype="i8", expansion_search=128)
        index.add(np.arange(len(PASSAGES)), PASSAGES, threads=1)
        return index

    def scan(rows, question):
        return np.ravel(exact_search(rows, question, 10, "cos", exact=True, threads=1).keys)

    def walk(index, question):
        return np.ravel(index.search(question, 10, threads=1).keys)

    return {"exact": measured(lambda: PASSAGES, scan), "hnsw_i8": measured(graph, walk)}


print(json.dumps(with_faiss() if sys.argv[1] == "faiss" else with_usearch()))
