"""The generated code that our codec is held against is what mosh.proto says, and so are our own messages."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.pb import mosh_pb2

from mosh_common.wire import messages
from mosh_common.wire.protobuf import Kind, Schema

FOLDER = Path(mosh_pb2.__file__).parent
TYPES = {5: "int32", 4: "uint64", 13: "uint32", 12: "bytes"}  # numbers of FieldDescriptorProto.Type; 11 is a message


def named(name: str) -> str:
    """The name in mosh.proto of a message that is called so in messages.py."""
    return "".join(word.capitalize() for word in name.split("_"))


SCHEMAS = {named(name): value for name, value in vars(messages).items() if isinstance(value, Schema)}
NAMES = {id(schema): name for name, schema in SCHEMAS.items()}


def declared() -> set[tuple[str, bool, str, int, str]]:
    """Of each field in mosh.proto: its message, whether it repeats, its name, number and type."""
    source = re.sub(r"//.*", "", (FOLDER / "mosh.proto").read_text())
    return {
        (message, label == "repeated", name, int(number), kind)
        for message, body in re.findall(r"message (\w+) \{(.*?)\n\}", source, re.DOTALL)
        for label, kind, name, number in re.findall(r"(optional|repeated) (\w+) (\w+) = (\d+);", body)
    }


def test_the_generated_code_is_that_of_the_proto_file() -> None:
    generated = {
        (message.name, field.name, field.number, field.message_type.name if field.message_type else TYPES[field.type])
        for message in mosh_pb2.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    }
    assert generated == {(message, *field) for message, _, *field in declared()}
    assert len(generated) == 31


def test_our_messages_are_those_of_the_proto_file() -> None:
    ours = {
        (
            message,
            field.repeated,
            field.name,
            field.number,
            field.kind.name.lower() if isinstance(field.kind, Kind) else NAMES[id(field.kind)],
        )
        for message, schema in SCHEMAS.items()
        for field in schema.fields
    }
    assert ours == declared()


def test_the_generated_code_asks_for_no_particular_runtime() -> None:
    # Generators from 26 on write a check that refuses the runtime of Debian 12.
    assert "runtime_version" not in (FOLDER / "mosh_pb2.py").read_text()
