"""One producer, several consumers, and a queue between them that holds the producer back.

python3 examples/producer_consumers.py [--consumers 3] [--items 12]
"""

import argparse
import asyncio

import phaseloop

END = object()


async def produce(queue, items, consumers):
    """Put the items, and an end for each consumer."""
    for item in range(items):
        await queue.put(item)  # waits while the queue is full
    for _ in range(consumers):
        await queue.put(END)


async def consume(name, queue, results):
    """Work until the end comes."""
    while (item := await queue.get()) is not END:
        await asyncio.sleep(0.001)  # the work
        results[item] = name


async def main(consumers, items):
    queue, results = asyncio.Queue(maxsize=2 * consumers), {}
    async with asyncio.TaskGroup() as group:
        group.create_task(produce(queue, items, consumers))
        for number in range(consumers):
            group.create_task(consume(f"consumer {number}", queue, results))
    for name in sorted(set(results.values())):
        print(name, "did", sum(each == name for each in results.values()))
    print(len(results), "items done")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Share work out among consumers.")
    parser.add_argument("--consumers", type=int, default=3)
    parser.add_argument("--items", type=int, default=12)
    arguments = parser.parse_args()
    phaseloop.run(main(arguments.consumers, arguments.items))
