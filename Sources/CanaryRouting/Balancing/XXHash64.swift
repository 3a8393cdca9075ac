// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// XXH64 (Yann Collet), with which Envoy hashes users' keys and endpoints' addresses: rings and tables that are made of the
/// same addresses are the same here and there. Not for what an attacker may choose to collide.
enum XXHash64 {
    private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
        0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x85eb_ca77_c2b2_ae63,
        0x27d4_eb2f_1656_67c5
    )

    static func of(_ slice: ByteSlice, seed: UInt64 = 0) -> UInt64 {
        let bytes = unsafe UnsafeRawPointer(slice.base)
        let count = slice.count
        var offset = 0
        var hash: UInt64
        if count >= 32, let bytes = unsafe bytes {
            var lanes = (seed &+ primes.0 &+ primes.1, seed &+ primes.1, seed, seed &- primes.0)
            while offset <= count - 32 {
                lanes.0 = unsafe round(lanes.0, word(bytes, offset))
                lanes.1 = unsafe round(lanes.1, word(bytes, offset + 8))
                lanes.2 = unsafe round(lanes.2, word(bytes, offset + 16))
                lanes.3 = unsafe round(lanes.3, word(bytes, offset + 24))
                offset += 32
            }
            hash =
                rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
            hash = merge(merge(merge(merge(hash, lanes.0), lanes.1), lanes.2), lanes.3)
        } else {
            hash = seed &+ primes.4
        }
        hash &+= UInt64(count)
        guard let bytes = unsafe bytes else { return avalanche(hash) }
        while offset + 8 <= count {
            hash = unsafe rotate(hash ^ round(0, word(bytes, offset)), 27) &* primes.0 &+ primes.3
            offset += 8
        }
        if offset + 4 <= count {
            let half = unsafe UInt64(
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            )
            hash = rotate(hash ^ half &* primes.0, 23) &* primes.1 &+ primes.2
            offset += 4
        }
        while offset < count {
            let byte = unsafe UInt64(bytes.load(fromByteOffset: offset, as: UInt8.self))
            hash = rotate(hash ^ byte &* primes.4, 11) &* primes.0
            offset += 1
        }
        return avalanche(hash)
    }

    static func of(_ text: String, seed: UInt64 = 0) -> UInt64 {
        var text = text
        return text.withUTF8 { unsafe of(ByteSlice($0), seed: seed) }
    }

    private static func word(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* primes.1, 31) &* primes.0
    }

    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* primes.0 &+ primes.3
    }

    private static func avalanche(_ hash: UInt64) -> UInt64 {
        var hash = (hash ^ hash >> 33) &* primes.1
        hash = (hash ^ hash >> 29) &* primes.2
        return hash ^ hash >> 32
    }

    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
        (word &<< count) | (word &>> (64 &- count))
    }
}
