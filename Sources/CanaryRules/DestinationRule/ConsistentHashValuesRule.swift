// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Consistent hashing has a cookie without a name, an attribute twice, or a table that can't be built.
enum ConsistentHashValuesRule: ObjectRule {
    static let code = RuleCode("CAN0610", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for hash in object.policyLevels.compactMap({ $0["loadBalancer"]?["consistentHash"] }) {
            if let cookie = hash["httpCookie"] { check(cookie: cookie, &report) }
            if let size = hash["minimumRingSize"], size.integer != 0,
                hash["ringHash"] != nil || hash["maglev"] != nil
            {
                report.add(
                    at: size,
                    "\"minimumRingSize\" can't be combined with \"ringHash\" or \"maglev\"",
                    hint: "write it inside of \"ringHash\""
                )
            }
            guard let maglev = hash["maglev"] else { continue }
            let size = maglev["tableSize"]?.integer ?? 0
            if size >= 5_000_011 || !isPrime(size) {
                report.add(
                    at: maglev.field("tableSize"),
                    "the table's size is not a prime below 5000011",
                    hint: "write tableSize: 65537"
                )
            }
        }
    }

    private static func check(cookie: Located, _ report: inout RuleReport) {
        if cookie["name"]?.string == "" {
            report.add(
                at: cookie.field("name"),
                "the cookie's name is empty",
                hint: "give it a name of letters, digits and \"-\""
            )
        }
        var seen: Set<String> = []
        for attribute in cookie["attributes"]?.items ?? [] {
            guard let place = attribute["name"], let name = place.string else { continue }
            if name.isEmpty {
                report.add(
                    at: place,
                    "the attribute's name is empty",
                    hint: "name it, such as SameSite, or leave it out"
                )
            } else if !seen.insert(name).inserted {
                report.add(at: place, "the attribute \"\(name)\" is given twice", hint: "keep one of the two")
            }
        }
    }

    private static func isPrime(_ number: Int64) -> Bool {
        guard number > 3 else { return number > 1 }
        guard !number.isMultiple(of: 2) else { return false }
        var divisor: Int64 = 3
        while divisor * divisor <= number {
            if number.isMultiple(of: divisor) { return false }
            divisor += 2
        }
        return true
    }
}
