"""The errors of huggingface_hub, translated into the library's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nlu_lite.errors import NluLiteError, OfflineError, SourceError, UnknownReference
from nlu_lite.records import HubRepository
from nlu_lite.store.limits import NetworkError

MALFORMED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, ImportError)
"""Raised by huggingface_hub for headers, JSON and network settings that it cannot use."""


@contextmanager
def translate_hub_errors(origin: HubRepository) -> Iterator[None]:
    """Raise the library's own errors instead of those of huggingface_hub and its HTTP client.

    Raises:
        UnknownReference: The hub has no such repository.
        SourceError: The repository is gated, lacks the revision, or cannot be downloaded.
        OfflineError: ``HF_HUB_OFFLINE`` is set.
    """
    from huggingface_hub import constants, errors

    client_error: Any = errors.HfHubHTTPError.__mro__[1]  # the HTTPError of httpx, or of its successor httpx2
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise build_offline_error(origin) from error
    except NluLiteError:
        raise
    except (client_error, OSError, *MALFORMED) as error:
        raise _translate(origin, error, f"{constants.ENDPOINT}/{origin.repository}") from error


def _translate(origin: HubRepository, error: Exception, page: str) -> NluLiteError:
    from huggingface_hub import constants, errors

    name = origin.repository
    if isinstance(error, errors.GatedRepoError):
        return SourceError(
            f"the repository {name!r} is gated", "access", f"Accept its conditions at {page} and set HF_TOKEN"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        got = f"the repository {name!r} has no revision {origin.revision!r}"
        return SourceError(got, "a branch, tag or commit", f"See {page}")
    if isinstance(error, errors.RepositoryNotFoundError):
        remedy = "Check the name; for a private one set HF_TOKEN"
        return UnknownReference(f"the hub has no repository {name!r}", "one that is public", remedy)
    got = f"{name!r} could not be fetched from {constants.ENDPOINT} ({describe_error(error)})"
    return NetworkError(got, "an answer of the hub", build_remedy(origin))


def describe_error(error: Exception) -> str:
    """Return the first line of an error's message, else the name of its type."""
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__


def build_remedy(origin: HubRepository) -> str:
    """Return the remedy for a hub that cannot be reached."""
    return (
        "Try again later, set HF_ENDPOINT to a mirror, or fetch it elsewhere with "
        f"`hf download {origin.repository}` and copy the Hugging Face cache"
    )


def build_offline_error(origin: HubRepository) -> OfflineError:
    """Return the error for a repository that is not on this machine, when the network must not be used."""
    from huggingface_hub import constants

    name, revision = origin.repository, origin.revision
    cache = Path(constants.HF_HUB_CACHE)
    return OfflineError(
        f"the repository {name!r}{f' at revision {revision!r}' if revision else ''} is missing or incomplete in the "
        f"Hugging Face cache ({cache}), and the network must not be used",
        "its files",
        f"On a machine with a network, run: hf download {name}{f' --revision {revision}' if revision else ''}; then "
        f"copy the folder models--{name.replace('/', '--')} of its cache into the one on this machine",
    )
