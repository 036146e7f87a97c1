package scalar

import (
	"math/big"

	"github.com/shopspring/decimal"
)

// Quo returns d / o, rounded to MaxDigits significant digits, half to even, and to MinExponent: what IEEE 754 decimal128 gives. It panics if o is 0.
func (d Decimal) Quo(o Decimal) Decimal {
	num, den := new(big.Int).Abs(d.d.Coefficient()), new(big.Int).Abs(o.d.Coefficient())
	if den.Sign() == 0 {
		panic("scalar: division by zero")
	}
	if num.Sign() == 0 {
		return Decimal{}
	}
	exp := int(d.d.Exponent()) - int(o.d.Exponent())
	// As many zeros behind the numerator as make the whole part of the quotient MaxDigits or MaxDigits + 1 digits long, or fewer if its last digit would be too small.
	shift := min(MaxDigits+len(den.String())-len(num.String()), exp-MinExponent)
	if shift > 0 {
		num.Mul(num, pow10(shift))
	} else {
		den.Mul(den, pow10(-shift))
	}
	exp -= shift
	q, rest := new(big.Int).QuoRem(num, den, new(big.Int))
	if len(q.String()) > MaxDigits { // one digit too many, which goes to the rest
		den.Mul(den, pow10(1))
		last := new(big.Int)
		q.QuoRem(q, pow10(1), last)
		rest.Add(rest, last.Mul(last, new(big.Int).Quo(den, pow10(1))))
		exp++
	}
	switch c := rest.Lsh(rest, 1).Cmp(den); {
	case c > 0, c == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(1))
	}
	if d.d.Sign() != o.d.Sign() {
		q.Neg(q)
	}
	return Decimal{decimal.NewFromBigInt(q, int32(exp))} //nolint:gosec // exponents of Decimals are within 16 bits
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
