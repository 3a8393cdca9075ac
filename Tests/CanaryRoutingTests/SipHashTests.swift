// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryMesh
@testable import CanaryRouting

struct SipHashTests {
    /// From the authors' `vectors.h`: key 00 01 … 0f, message 00 01 … of the given length, output as a little-endian word.
    static let vectors: [(length: Int, hash: UInt64)] = [
        (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (2, 0x0d6c_8009_d9a9_4f5a),
        (3, 0x8567_6696_d7fb_7e2d), (4, 0xcf27_94e0_2771_87b7), (5, 0x1876_5564_cd99_a68d),
        (6, 0xcbc9_466e_58fe_e3ce), (7, 0xab02_00f5_8b01_d137), (8, 0x93f5_f579_9a93_2462),
        (15, 0xa129_ca61_49be_45e5),
    ]

    @Test(arguments: vectors)
    func `the reference vectors hold`(length: Int, hash: UInt64) {
        var state = SipHash24(key: SipHash24.Key(k0: 0x0706_0504_0302_0100, k1: 0x0f0e_0d0c_0b0a_0908))
        for byte in 0..<length { state.update(UInt8(byte)) }
        #expect(state.finish() == hash)
    }

    /// Fixed: proxies of different versions must send a user to the same place.
    @Test func `salts give the keys they always gave`() {
        let key = SipHash24.Key(salt: "default/helloworld")
        #expect(key == SipHash24.Key(k0: 0xd7da_e400_2da5_9743, k1: 0x15df_ee85_606b_aab5))
        #expect(SipHash24.Key(salt: "") != SipHash24.Key(salt: "x"))
    }

    @Test func `the logarithm is the natural one`() {
        let cases: [(Double, Double)] = [
            (0.5, -0.6931471805599453), (0x1p-54, -37.42994775023705), (1 - 0x1p-54, 0),
            (1 - 0x1p-53, -1.1102230246251565e-16), (0.1, -2.302585092994046),
            (0.7071067811865476, -0.34657359027997264),
            (0.9999, -0.00010000500033334732),
        ]
        for (x, logarithm) in cases {
            #expect(abs(NaturalLogarithm.of(x) - logarithm) <= abs(logarithm) * 0x1p-52)
        }
    }
}
