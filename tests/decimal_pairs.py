#!/usr/bin/env python3
"""decimal_pairs.py COUNT SEED: pairs of numbers with what Python's decimal says of them.

A line for each pair: both as written, both in DynamoDB's form, their order (-1, 0, 1), their sum and
their difference. In place of a number that DynamoDB does not take stands O (too large), U (too
small) or L (more than 38 digits), or two of them; then order, sum and difference are "-".
"""
import random
import sys
from decimal import Context, Decimal, setcontext

DIGITS, LARGEST, SMALLEST = 38, 125, -130
setcontext(Context(prec=1000, Emax=999999, Emin=-999999, traps=[]))


def told(number):
    """The number as DynamoDB returns it, or the letters of all reasons to refuse it."""
    if number == 0:
        return "0"
    normal = number.normalize()
    refusals = ("O" if number.adjusted() > LARGEST else "U" if number.adjusted() < SMALLEST else "")
    refusals += "L" if len(normal.as_tuple().digits) > DIGITS else ""
    return refusals or format(normal, "f")


def digits(random, count):
    """`count` digits of one of several kinds: any, all nines, a one and zeros, a half."""
    kind = random.randrange(6)
    if kind == 0:
        return "9" * count
    if kind == 1:
        return "1" + "0" * (count - 1)
    if kind == 2:
        return "5" + "0" * (count - 1)
    if kind == 3:
        return "1" + "0" * (count - 2) + "1" if count > 1 else "1"
    return str(random.randrange(10**count)).zfill(count)


def number(random):
    """A number anywhere in the range, or just outside."""
    if random.randrange(50) == 0:
        return Decimal(0)
    count = random.choice([1, 2, 37, 38, 38, random.randint(1, 38), random.randint(1, 42)])
    first = random.choice([-130, -129, 0, 124, 125, random.randint(-10, 10),
                           random.randint(-133, 128)])
    sign = random.choice(["", "-"])
    return Decimal(f"{sign}{digits(random, count)}E{first - count + 1}")


def related(random, a):
    """A number whose sum or difference with `a`, or whose order, is near an edge."""
    kind = random.randrange(8)
    last = a.as_tuple().exponent
    if kind == 0:
        return a
    if kind == 1:
        return -a
    if kind == 2:
        return a + Decimal((random.randrange(2), (1,), last))
    if kind == 3:
        return -a + Decimal((random.randrange(2), (1,), last))
    if kind == 4:
        return Decimal((random.randrange(2), (random.choice([1, 5]),), a.adjusted() - 37))
    if kind == 5:
        return Decimal((random.randrange(2), (random.choice([1, 5]),), a.adjusted() - 38))
    if kind == 6:
        return a.scaleb(random.randint(-40, 40))
    return number(random)


def written(random, number):
    """One of the ways to write a number."""
    sign, figures, exponent = number.as_tuple()
    text = "".join(map(str, figures))
    shift = random.randrange(4)
    if shift == 0 and -60 < exponent < 60:
        text, exponent = format(number.copy_abs(), "f"), 0
    elif shift == 1:
        at = random.randint(0, len(text))
        exponent += len(text) - at
        text = (text[:at] or "0") + "." + text[at:]
    text = "0" * random.choice([0, 0, 0, 1, 3]) + text
    if "." in text:
        text += "0" * random.choice([0, 0, 2, 40])
    minus = "-" if sign else random.choice(["", "", "+"])
    power = f"{random.choice('eE')}{random.choice(['', '+']) if exponent >= 0 else ''}{exponent}"
    return minus + text + (power if exponent != 0 or random.randrange(5) == 0 else "")


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    draw = random.Random(seed)
    for _ in range(count):
        a = number(draw)
        b = related(draw, a) if draw.randrange(2) else number(draw)
        told_a, told_b = told(a), told(b)
        rest = "- - -"
        if told_a[0] not in "OUL" and told_b[0] not in "OUL":
            rest = f"{int(a.compare(b))} {told(a + b)} {told(a - b)}"
        print(written(draw, a), written(draw, b), told_a, told_b, rest)


main()
