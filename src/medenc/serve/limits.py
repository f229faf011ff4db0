"""Every bound of the server, in one place; what is not here is not limited.

Read them as `limits.NAME`, so that a test can lower one.
"""

from __future__ import annotations

# What a request may hold.
LONGEST_HEADERS_BYTES = 16_384
LONGEST_BODY_BYTES = 2 * 1024 * 1024
DEEPEST_JSON = 32
MOST_TEXTS = 32
LONGEST_TEXT = 32_768  # characters
LONGEST_QUERY = 2_000  # characters; finding the words of more than that takes seconds
LONGEST_MENTION = 500  # characters
LONGEST_FILTER = 1_000  # characters; the filter's parser recurses
LONGEST_ID = 512  # characters
MOST_HITS = 100
MOST_ANSWERS = 10
MOST_CANDIDATES = 50
MOST_POINTS = 5_000  # of the map

# How long it may take.
HEADER_SECONDS = 10.0
BODY_SECONDS = 30.0
ANSWER_SECONDS = 30.0
READ_SECONDS = 30.0  # a client that takes no byte of its answer for so long is cut off
GRACE_SECONDS = 3.0  # between the order to stop and the end of listening
STOP_SECONDS = 20.0

# How much waits at once.
MOST_CONNECTIONS = 512
MOST_SILENT = 128  # connections that have not sent the headers of a request yet
SILENT_SECONDS = 1.0  # that each of them may take before it makes room
QUEUE_TEXTS = 256
QUEUE_TOKENS = 131_072  # estimated, see `queue.weight`
LONGEST_WAIT_SECONDS = 15.0  # a request that would wait longer is refused at once

# How much is computed together.
BATCH_TEXTS = 64
BATCH_TOKENS = 4_096


def public() -> dict[str, int]:
    """What a client has to know, for `/v1/info`."""
    return {
        "body_bytes": LONGEST_BODY_BYTES,
        "query_characters": LONGEST_QUERY,
        "text_characters": LONGEST_TEXT,
        "mention_characters": LONGEST_MENTION,
        "texts": MOST_TEXTS,
        "hits": MOST_HITS,
    }
