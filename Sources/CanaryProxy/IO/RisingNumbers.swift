// SPDX-License-Identifier: Apache-2.0

extension RandomAccessCollection where Index == Int {
    /// The position of a number among elements that are ordered by it.
    func index(rising number: Int, by key: (Element) -> Int) -> Int? {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low &+ high) / 2
            if key(self[middle]) < number { low = middle &+ 1 } else { high = middle }
        }
        return low < endIndex && key(self[low]) == number ? low : nil
    }
}
