// SPDX-License-Identifier: Apache-2.0

import CanarySystem

/// The program beside the test runner.
let builtProgram =
    (CurrentProcess.executable ?? "").split(separator: "/", omittingEmptySubsequences: false).dropLast()
    .joined(separator: "/") + "/canaryctl"
