// SPDX-License-Identifier: Apache-2.0

/// The natural logarithm from IEEE additions, multiplications and divisions alone, so that every machine gets the same bits;
/// the C library's differ in the last place.
///
/// The method of FreeBSD's `e_log.c`: x = 2^k (1 + f), log(1 + f) by a minimax polynomial in s = f / (2 + f); the error is below
/// one unit in the last place.
enum NaturalLogarithm {
    /// `x` must be positive, finite and normal.
    static func of(_ x: Double) -> Double {
        var exponent = Double(x.exponent)
        var significand = x.significand
        if significand > 1.4142135623730951 {
            significand /= 2
            exponent += 1
        }
        let f = significand - 1
        let s = f / (2 + f)
        let z = s * s
        let w = z * z
        let even =
            w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
        let odd =
            z
            * (6.666666666666735130e-01
                + w
                * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)))
        let half = 0.5 * f * f
        let high = exponent * 6.93147180369123816490e-01
        let low = exponent * 1.90821492927058770002e-10
        return high - ((half - (s * (half + odd + even) + low)) - f)
    }
}
