"""The endpoints of a small shop."""

import asyncio
import time

from fastapi import FastAPI

from shop import prices

app = FastAPI()


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.get("/products/{number}")
async def product(number: int):
    price = prices.in_dollars(number)
    return {"number": number, "price": price}


@app.post("/orders")
async def order(number: int):
    time.sleep(0.1)  # the warehouse takes one order at a time
    await asyncio.to_thread(prices.in_dollars, number)
    return {"number": number}
