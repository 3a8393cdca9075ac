// SPDX-License-Identifier: Apache-2.0

/// How the pieces of a body come from one codec to the other.
enum BodyForm {
    /// The data alone.
    case data
    /// With the framing of HTTP/1.1's chunks and their trailers, which passes from one connection to the other as it is.
    case chunks
}
