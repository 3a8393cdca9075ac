// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources

/// The results of routing tests in the XML that JUnit made common: a suite for each file, a case for each test.
enum JUnitReport {
    static func text(_ results: [RouteTestResult]) -> String {
        var files: [String] = []
        for result in results where !files.contains(result.test.file) { files.append(result.test.file) }
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
        let failed = results.count { !$0.isPassed }
        lines.append("<testsuites name=\"canaryctl test\" tests=\"\(results.count)\" failures=\"\(failed)\">")
        for file in files { lines += suite(file, results.filter { $0.test.file == file }) }
        lines.append("</testsuites>")
        return lines.map { $0 + "\n" }.joined()
    }

    private static func suite(_ file: String, _ results: [RouteTestResult]) -> [String] {
        let failed = results.count { !$0.isPassed }
        let counts = "tests=\"\(results.count)\" failures=\"\(failed)\" errors=\"0\" skipped=\"0\""
        return ["  <testsuite name=\"\(escaped(file))\" \(counts)>"] + results.flatMap(testCase)
            + ["  </testsuite>"]
    }

    private static func testCase(_ result: RouteTestResult) -> [String] {
        let file = escaped(result.test.file)
        let place = "classname=\"\(file)\" file=\"\(file)\" line=\"\(result.test.position.line)\""
        let start = "    <testcase name=\"\(escaped(result.test.title))\" \(place)"
        guard !result.isPassed else { return [start + "/>"] }
        let failures = result.requests.flatMap { request in
            request.failures.map { failure in
                "\(result.test.file):\(failure.position.line):\(failure.position.column): "
                    + "\(request.request.line): \(failure.message)"
            }
        }
        let message = escaped(failures.first ?? "")
        let page = result.requests.first { !$0.failures.isEmpty }?.page(.plain) ?? ""
        let text = escaped(failures.joined(separator: "\n") + "\n\n" + page).replacing("&#10;", with: "\n")
        return [
            start + ">",
            "      <failure message=\"\(message)\" type=\"expectation\">\(text)</failure>",
            "    </testcase>",
        ]
    }

    /// With what means something in XML escaped, and what XML cannot hold replaced.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            case "\t": result += "&#9;"
            default:
                let isAllowed = scalar.value >= 0x20 && scalar.value != 0xfffe && scalar.value != 0xffff
                result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
            }
        }
        return result
    }
}
