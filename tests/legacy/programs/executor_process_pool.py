import asyncio
import concurrent.futures
import multiprocessing


def square(n):
    return n * n


def main():
    pool = concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('fork'))
    loop = asyncio.get_event_loop()
    loop.set_default_executor(pool)
    futures = [loop.run_in_executor(None, square, n) for n in range(3)]
    print(loop.run_until_complete(asyncio.gather(*futures)))
    pool.shutdown()
    loop.close()


if __name__ == '__main__':
    main()
