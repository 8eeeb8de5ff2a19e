import functools
import itertools
import sys
from fractions import Fraction

sys.setrecursionlimit(100000)


class Absent:
    """What cannot be computed, such as a proof. Nothing that is decided here may need it."""

    def __init__(self, why):
        self.why = why

    def _same(self, *_):
        return self

    __call__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _same
    __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = _same

    def __bool__(self):
        raise ValueError(self.why)


def absent(why):
    return Absent(why)


def fun(rule):
    """A function that is asked once for each argument."""
    return functools.lru_cache(maxsize=None, typed=True)(rule)


def con(number, *fields):
    """A constructor of a data type by its number, with its fields."""
    return (number, fields)


def vector(*items):
    """The function from positions to the items. Position 0 is con(0, ...), the one after p is con(1, p)."""
    def item(position):
        n = 0
        while position[0] == 1:
            position, n = position[1][0], n + 1
        return items[n]
    return fun(item)


def cases(value, *branches):
    return branches[value[0]](*value[1])


def recurse(zero, step, n):
    """From the value at 0, a step for every number below n."""
    value = zero
    for k in range(n):
        value = step(k)(value)
    return value


def by_number(zero, rest, n):
    return zero if n == 0 else rest(n - 1)


def by_sign(positive, negative, n):
    return positive(n) if n >= 0 else negative(-1 - n)


def monus(a, b):
    """Subtraction of natural numbers, which stops at 0."""
    return max(a - b, 0)


def inverse(a):
    """The inverse, which is 0 at 0."""
    return Fraction(0) if a == 0 else 1 / a


def floor(a):
    """The largest whole number that is not above a."""
    return a.numerator // a.denominator


class Type:
    """A type by its elements and its equality. A statement is a type too: it is true when it has an element."""

    def __init__(self, elements, equal=None):
        self.elements = elements
        self.equal = equal or (lambda a, b: True)


def _infinite():
    raise ValueError("a statement is about infinitely many numbers")


empty = Type(lambda: [])
unit = Type(lambda: [()])
booleans = Type(lambda: [True, False], lambda a, b: a == b)
numbers = Type(_infinite, lambda a, b: a == b)


def statement(truth):
    return Type(lambda: [()] if truth else [])


def equal(domain, a, b):
    return Type(lambda: [()] if domain.equal(a, b) else [])


def forall(domain, rest):
    def elements():
        places, options, unclear = domain.elements(), [], None
        for x in places:
            try:
                options.append(rest(x).elements())
            except ValueError as why:
                unclear = why
                continue
            if not options[-1]:
                return []
        if unclear:
            raise unclear
        return [fun(dict(zip(places, values)).__getitem__) for values in itertools.product(*options)]
    return Type(elements, lambda a, b: all(rest(x).equal(a(x), b(x)) for x in domain.elements()))


def exists(domain, rest):
    def elements():
        try:
            places = domain.elements()
        except ValueError as why:
            # Of two statements the second may be false whatever the first is.
            if rest(Absent(str(why))).elements():
                raise
            return []
        return [(x, y) for x in places for y in rest(x).elements()]
    return Type(elements, lambda a, b: domain.equal(a[0], b[0]) and rest(a[0]).equal(a[1], b[1]))


def implies(a, b):
    return forall(a, lambda _: b)


def both(a, b):
    return exists(a, lambda _: b)


def data(*constructors):
    """A data type: the types of the fields of each constructor."""
    def elements():
        return [
            con(number, *fields)
            for number, types in enumerate(constructors)
            for fields in itertools.product(*(t.elements() for t in types))
        ]

    def same(a, b):
        return a[0] == b[0] and all(t.equal(x, y) for t, x, y in zip(constructors[a[0]], a[1], b[1]))
    return Type(elements, same)
