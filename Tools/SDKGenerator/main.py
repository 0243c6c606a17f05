"""main.py DOCUMENT FOLDER: clients of the public API in three languages, from its OpenAPI document."""

import pathlib
import sys

import python
import swift
import typescript
from document import Document

CLIENTS = {"infinite_client.py": python, "infinite.ts": typescript, "InfiniteClient.swift": swift}


def main(document: str, folder: str) -> None:
    described = Document(pathlib.Path(document).read_text())
    target = pathlib.Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, emitter in CLIENTS.items():
        (target / name).write_text(emitter.emit(described))
        print(f"{target / name}: {len(described.operations)} calls")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: main.py DOCUMENT FOLDER; DOCUMENT is Services/Gateway/Assets/openapi.json")
    main(sys.argv[1], sys.argv[2])
