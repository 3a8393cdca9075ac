// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Fuzz targets, apart from the product. Sources are linked in, so that a target sees what is internal to its module.
// One target is built and run like this:
//
//   swift build --package-path Tests/Fuzzing --product HTTPParserFuzzer --sanitize=fuzzer
//   Tests/Fuzzing/.build/debug/HTTPParserFuzzer -max_total_time=60 /tmp/corpus Tests/Fuzzing/Corpus/HTTPParserFuzzer

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let sanitizers = ["-sanitize=fuzzer,address"]

let package = Package(
    name: "Fuzzing",
    targets: [
        .executableTarget(
            name: "HTTPParserFuzzer",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"] + sanitizers)],
            linkerSettings: [.unsafeFlags(sanitizers)]
        )
    ]
)
