"""An independent reader and writer of the contracts: Google's protobuf for Python.

Commands come on standard input, one a line; each gets one line back.
  echo SCHEMA HEX      parse, forget unknown fields, serialize; "-" when the bytes are refused
  fields SCHEMA HEX    the set fields by name with their values, as a Python literal
  make SCHEMA SEED     the bytes of a random value
"""
import random
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor as F
from google.protobuf.message import DecodeError

POOL = descriptor_pool.DescriptorPool()


def load(path):
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as source:
        files.ParseFromString(source.read())
    for file in files.file:
        POOL.Add(file)


def message(schema):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(schema))()


INTEGERS = {
    F.TYPE_INT32: (-2**31, 2**31 - 1), F.TYPE_SINT32: (-2**31, 2**31 - 1), F.TYPE_SFIXED32: (-2**31, 2**31 - 1),
    F.TYPE_INT64: (-2**63, 2**63 - 1), F.TYPE_SINT64: (-2**63, 2**63 - 1), F.TYPE_SFIXED64: (-2**63, 2**63 - 1),
    F.TYPE_UINT32: (0, 2**32 - 1), F.TYPE_FIXED32: (0, 2**32 - 1),
    F.TYPE_UINT64: (0, 2**64 - 1), F.TYPE_FIXED64: (0, 2**64 - 1),
}


def scalar(field, dice):
    if field.type in INTEGERS:
        low, high = INTEGERS[field.type]
        return dice.choice([low, high, 0, 1, dice.randint(low, high)])
    if field.type == F.TYPE_BOOL:
        return dice.random() < 0.5
    if field.type == F.TYPE_DOUBLE:
        return dice.choice([0.0, -0.0, 1.5, float("inf"), dice.uniform(-1e9, 1e9)])
    if field.type == F.TYPE_FLOAT:
        return dice.choice([0.0, 0.5, -1024.25])
    if field.type == F.TYPE_ENUM:
        return dice.choice([value.number for value in field.enum_type.values] + [77])
    if field.type == F.TYPE_STRING:
        return dice.choice(["", "a", "é😀", "\0", "x" * 200])
    # A length that is right for identifiers and for addresses.
    return dice.randbytes(dice.choice([0, 16]))


def fill(target, dice, depth):
    for field in target.DESCRIPTOR.fields:
        if dice.random() < 0.3:
            continue
        repeated = field.label == F.LABEL_REPEATED
        if field.type == F.TYPE_MESSAGE:
            for _ in range(dice.randint(0, 3) if repeated and depth else (0 if repeated else 1)):
                part = getattr(target, field.name).add() if repeated else getattr(target, field.name)
                part.SetInParent() if not repeated else None
                if depth:
                    fill(part, dice, depth - 1)
        elif repeated:
            getattr(target, field.name).extend(scalar(field, dice) for _ in range(dice.randint(0, 4)))
        else:
            setattr(target, field.name, scalar(field, dice))


def plain(value):
    if hasattr(value, "ListFields"):
        return {field.name: plain_field(field, content) for field, content in value.ListFields()}
    return value


def plain_field(field, content):
    if field.label == F.LABEL_REPEATED:
        return [plain(element) for element in content]
    return plain(content)


def answer(command, schema, argument):
    target = message(schema)
    if command == "make":
        fill(target, random.Random(int(argument)), 2)
        return target.SerializeToString(deterministic=True).hex()
    try:
        target.ParseFromString(bytes.fromhex(argument))
    except DecodeError:
        return "-"
    if command == "fields":
        return repr(plain(target))
    target.DiscardUnknownFields()
    return target.SerializeToString(deterministic=True).hex()


def main():
    load(sys.argv[1])
    for line in sys.stdin:
        command, schema, argument = (line.rstrip("\n").split(" ") + [""])[:3]
        print(answer(command, schema, argument))


main()
