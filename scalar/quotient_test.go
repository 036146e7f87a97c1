package scalar_test

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/scalar"
)

func TestQuotients(t *testing.T) {
	for _, c := range [][3]string{
		{"10", "4", "2.5"}, {"-10", "4", "-2.5"}, {"10", "-4", "-2.5"}, {"-1", "-8", "0.125"}, {"0", "3", "0"}, {"-0", "3", "0"},
		{"1", "3", "0.3333333333333333333333333333333333"}, {"2", "3", "0.6666666666666666666666666666666667"}, {"-200", "3", "-66.66666666666666666666666666666667"},
		{"10000000000000000000000000000000005", "10", "1000000000000000000000000000000000"}, // half to even: down
		{"10000000000000000000000000000000015", "10", "1000000000000000000000000000000002"}, // and up
		{"9999999999999999999999999999999999", "1", "9999999999999999999999999999999999"},
		{"99999999999999999999999999999999996", "10", "10000000000000000000000000000000000"}, // rounding makes it longer
		{"79.09", "1", "79.09"}, {"1e6000", "1e-100", "1e6100"}, {"1e-6000", "1e100", "1e-6100"},
		{"2e-6176", "3", "1e-6176"}, {"1e-6176", "3", "0"}, {"1e-6150", "3", "3.3333333333333333333333333e-6151"},
	} {
		// Some numerators are longer than a Decimal that is read may be, as sums are.
		num := scalar.Decimal{}
		if len(strings.Trim(c[0], "-")) == 35 {
			num = decimal(t, c[0][:len(c[0])-1]+"0").Add(decimal(t, c[0][len(c[0])-1:]))
		} else {
			num = decimal(t, c[0])
		}
		got, want := num.Quo(decimal(t, c[1])), decimal(t, c[2])
		if got.Cmp(want) != 0 || got.Valid() != nil {
			t.Errorf("%s / %s is %s, not %s", c[0], c[1], got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("divided by zero")
		}
	}()
	decimal(t, "1").Quo(scalar.Decimal{})
}

func decimal(t *testing.T, s string) scalar.Decimal {
	t.Helper()
	d, err := scalar.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestQuotientsAreNearest: no Decimal of 34 digits is nearer to the exact quotient.
func TestQuotientsAreNearest(t *testing.T) {
	for range 2000 {
		a, b := scalar.NewDecimal(rand.Int64()-rand.Int64()), scalar.NewDecimal(1+rand.Int64N(1<<uint(1+rand.IntN(60))))
		for range rand.IntN(3) {
			a = a.Mul(scalar.NewDecimal(rand.Int64()))
		}
		q := a.Quo(b)
		if q.Valid() != nil {
			t.Fatal(a, b, q)
		}
		exact := new(big.Rat).Quo(rat(a), rat(b))
		off := new(big.Rat).Abs(new(big.Rat).Sub(exact, rat(q)))
		limit := new(big.Rat).Mul(new(big.Rat).Abs(exact), big.NewRat(1, 2))
		limit.Quo(limit, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(33), nil)))
		if off.Cmp(limit) > 0 {
			t.Fatalf("%s / %s is not %s", a, b, q)
		}
	}
}

func rat(d scalar.Decimal) *big.Rat {
	r, _ := new(big.Rat).SetString(d.String())
	return r
}
