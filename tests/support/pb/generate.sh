#!/bin/sh
# Regenerate mosh_pb2.py and mosh_pb2.pyi from mosh.proto.
#
# With protoc 3.21 on purpose (Debian 12: apt-get install protobuf-compiler; or PROTOC=path): what it generates runs with
# protobuf's Python runtimes from 3.20 on up to the newest, while newer generators refuse older runtimes.
set -eu
cd "$(dirname "$0")"
protoc=${PROTOC:-protoc}
version=$("$protoc" --version)
case $version in
    "libprotoc 3.21."*) ;;
    *) echo "generate.sh: want libprotoc 3.21.x, got: $version" >&2; exit 1 ;;
esac
"$protoc" --python_out=. --pyi_out=. mosh.proto
# The generator leaves type arguments out; mypy --strict wants them everywhere else.
sed -i '1i # mypy: disable-error-code="type-arg"' mosh_pb2.pyi
