"""One test for many cases of a moment each: thousands of tests cost more to list, and to tell of, than to run.

Otherwise as pytest.mark.parametrize: all cases are tried, and what failed is told case by case.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., None]


def every_case(names: str | tuple[str, ...], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Call the test with every case: a value for a name, or a tuple of values for several."""
    wanted, tried = (names,) if isinstance(names, str) else names, list(cases)
    assert tried, f"no case of {names}: nothing would be looked at"

    def decorate(test: Test) -> Test:
        @wraps(test)
        def all_of_them(**fixtures: Any) -> None:
            failed: list[BaseException] = []
            for case in tried:
                values = (case,) if isinstance(names, str) else case
                try:
                    test(**fixtures, **dict(zip(wanted, values, strict=True)))
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"{', '.join(wanted)}: {case!r:.300}")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(tried)} cases", failed)

        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in wanted]
        all_of_them.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return all_of_them

    return decorate
