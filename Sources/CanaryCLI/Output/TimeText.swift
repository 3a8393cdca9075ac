// SPDX-License-Identifier: Apache-2.0

/// Points in time as people and machines read them. All are milliseconds since 1970, UTC.
enum TimeText {
    /// kubectl's ages: `5s`, `3m12s`, `2h`, `4d`.
    static func age(from start: Int64, to now: Int64) -> String {
        let seconds = max(0, (now - start) / 1000)
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
        if seconds < 120 { return "\(seconds)s" }
        if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
        if minutes < 180 { return "\(minutes)m" }
        if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
        if hours < 48 { return "\(hours)h" }
        if days < 8 { return hours % 24 == 0 ? "\(days)d" : "\(days)d\(hours % 24)h" }
        if days < 730 { return "\(days)d" }
        return "\(days / 365)y"
    }

    /// `just now`, `2 min ago`, `1 h ago`, `3 d ago`.
    static func ago(_ moment: Int64, now: Int64) -> String {
        let seconds = (now - moment) / 1000
        switch seconds {
        case ..<5: return "just now"
        case ..<60: return "\(seconds) s ago"
        case ..<3600: return "\(seconds / 60) min ago"
        case ..<86400: return "\(seconds / 3600) h ago"
        default: return "\(seconds / 86400) d ago"
        }
    }
}
