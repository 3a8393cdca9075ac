#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares the committed field tables with what the generator makes of its inputs. PYTHON names an interpreter that has the
# package `kubernetes`; without it only Istio's table could differ, and the check is left out with a notice.
set -eu
here=$(dirname "$0")
python=${PYTHON:-python3}
if ! "$python" -c 'import kubernetes' 2>/dev/null; then
    echo "notice: field tables not compared: $python has no package \"kubernetes\"" >&2
    exit 0
fi
"$python" "$here/generate.py" --check
