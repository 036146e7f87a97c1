package scalar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Limits of a Decimal: those of IEEE 754-2008 decimal128, which MongoDB stores.
const (
	MaxDigits   = 34    // significant decimal digits
	MaxExponent = 6144  // of the leading digit
	MinExponent = -6176 // of the last digit
)

// Decimal is an exact decimal number. It is an immutable value; the zero value is 0. Compare with Cmp: == tells 1.5 from 1.50.
// Arithmetic is exact and may leave the limits; Valid tells, and whoever stores a value checks.
type Decimal struct{ d decimal.Decimal }

// ErrDecimal is wrapped by errors about text or values that are no Decimal.
var ErrDecimal = error(inputError("not a Decimal: write a number such as \"12.50\", at most 34 significant digits"))

// ParseDecimal reads an optional sign, digits, at most one point, and an optional exponent: "12.50", "-0.1", "1e3".
func ParseDecimal(s string) (Decimal, error) {
	d, err := parseDecimal(s, maxText)
	if err != nil {
		return d, err
	}
	return d, d.Valid()
}

// ParseExactDecimal reads what String wrote of a number that may have more than MaxDigits digits, such as an exact sum of valid ones.
func ParseExactDecimal(s string) (Decimal, error) { return parseDecimal(s, maxExactText) }

func parseDecimal(s string, longest int) (Decimal, error) {
	if err := checkDecimalText(s, longest); err != nil {
		return Decimal{}, err
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return Decimal{}, fmt.Errorf("%w (got %q)", ErrDecimal, clip(s))
	}
	return Decimal{d}, nil
}

const (
	maxText      = 10_000
	maxExactText = 2 * maxText // the digits from MaxExponent to MinExponent, and more above than any number of sums has
)

// checkDecimalText refuses what would be expensive to parse or is no JSON-like number, before the library sees it.
func checkDecimalText(s string, longest int) error {
	mantissa, exponent, hasExp := strings.Cut(strings.ToLower(s), "e")
	digits := 0
	for i, c := range []byte(mantissa) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' || i == 0 && (c == '-' || c == '+'):
		default:
			return fmt.Errorf("%w (got %q)", ErrDecimal, clip(s))
		}
	}
	if digits == 0 || strings.Count(mantissa, ".") > 1 || len(s) > longest {
		return fmt.Errorf("%w (got %q)", ErrDecimal, clip(s))
	}
	if hasExp {
		if n, err := strconv.Atoi(exponent); err != nil || n > 10_000 || n < -10_000 {
			return fmt.Errorf("%w (got %q)", ErrDecimal, clip(s))
		}
	}
	return nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// NewDecimal returns i.
func NewDecimal(i int64) Decimal { return Decimal{decimal.NewFromInt(i)} }

// Valid returns an error that wraps ErrDecimal if d has more than MaxDigits significant digits or an exponent out of range.
func (d Decimal) Valid() error {
	digits, exp := d.parts()
	if digits == "" {
		return nil
	}
	if len(digits) > MaxDigits || exp < MinExponent || exp+len(digits)-1 > MaxExponent {
		return fmt.Errorf("%w (got %d digits and exponent %d)", ErrDecimal, len(digits), exp)
	}
	return nil
}

// parts returns the significant digits without leading and trailing zeros, and the exponent of the last: |d| = digits × 10^exp. Zero has no digits.
func (d Decimal) parts() (digits string, exp int) {
	text := new(big.Int).Abs(d.d.Coefficient()).String()
	trimmed := strings.TrimRight(text, "0")
	if trimmed == "" {
		return "", 0
	}
	return trimmed, int(d.d.Exponent()) + len(text) - len(trimmed)
}

// String returns the canonical text: no exponent, no trailing zeros after the point: "15.1", "0", "-3.25".
func (d Decimal) String() string { return d.d.String() }

// Add returns d + o.
func (d Decimal) Add(o Decimal) Decimal { return Decimal{d.d.Add(o.d)} }

// Sub returns d - o.
func (d Decimal) Sub(o Decimal) Decimal { return Decimal{d.d.Sub(o.d)} }

// Mul returns d × o.
func (d Decimal) Mul(o Decimal) Decimal { return Decimal{d.d.Mul(o.d)} }

// MulInt returns d × i.
func (d Decimal) MulInt(i int64) Decimal { return Decimal{d.d.Mul(decimal.NewFromInt(i))} }

// Neg returns -d.
func (d Decimal) Neg() Decimal { return Decimal{d.d.Neg()} }

// Cmp returns -1, 0 or 1 as d is less than, equal to or greater than o.
func (d Decimal) Cmp(o Decimal) int { return d.d.Cmp(o.d) }

// IsZero reports whether d is 0.
func (d Decimal) IsZero() bool { return d.d.IsZero() }

// Sign returns -1, 0 or 1.
func (d Decimal) Sign() int { return d.d.Sign() }

// Sortable returns ASCII text whose byte order is the numeric order: a sign, the exponent of the leading digit offset by 10,000, and
// the digits; of a negative number the digits' complement, closed by '~'. It is defined for valid values.
func (d Decimal) Sortable() string {
	digits, exp := d.parts()
	lead := exp + len(digits) - 1
	switch d.Sign() {
	case 0:
		return "1"
	case 1:
		return fmt.Sprintf("2%05d%s", lead+10_000, digits)
	}
	return fmt.Sprintf("0%05d%s~", 99_999-(lead+10_000), complement(digits))
}

// DecimalFromSortable reads what Sortable wrote.
func DecimalFromSortable(s string) (Decimal, error) {
	if s == "1" {
		return Decimal{}, nil
	}
	if len(s) < 7 || s[0] != '0' && s[0] != '2' {
		return Decimal{}, fmt.Errorf("%w (stored %q)", ErrDecimal, clip(s))
	}
	lead, err := strconv.Atoi(s[1:6])
	digits := s[6:]
	if s[0] == '0' {
		lead = 99_999 - lead
		digits = complement(strings.TrimSuffix(digits, "~"))
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if err != nil || !ok {
		return Decimal{}, fmt.Errorf("%w (stored %q)", ErrDecimal, clip(s))
	}
	if s[0] == '0' {
		n.Neg(n)
	}
	return Decimal{decimal.NewFromBigInt(n, int32(lead-10_000-len(digits)+1))}, nil
}

func complement(digits string) string {
	out := []byte(digits)
	for i, c := range out {
		out[i] = '0' + '9' - c
	}
	return string(out)
}

// MarshalJSON writes the canonical text as a JSON string.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// UnmarshalJSON reads a JSON string or number.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	s := string(bytes.TrimSpace(b))
	if len(s) >= 2 && s[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	v, err := ParseDecimal(s)
	if err == nil {
		*d = v
	}
	return err
}

// MarshalGQL writes the canonical text as a string.
func (d Decimal) MarshalGQL(w io.Writer) { io.WriteString(w, `"`+d.String()+`"`) } //nolint:errcheck // gqlgen writes to memory

// UnmarshalGQL reads a string or a number. A number is read from its text, so that 21.33 is exactly that; one of more than 15 digits has lost some on
// its way and is refused: send a string.
func (d *Decimal) UnmarshalGQL(v any) error {
	text, err := numberText(v)
	if err != nil {
		return err
	}
	out, err := ParseDecimal(text)
	if err == nil {
		*d = out
	}
	return err
}

func numberText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		mantissa, _, _ := strings.Cut(text, "e")
		if len(strings.Trim(mantissa, "-0.")) > 16 {
			return "", fmt.Errorf("%w (a number literal of so many digits loses some: send a string)", ErrDecimal)
		}
		return text, nil
	case Decimal:
		return v.String(), nil
	}
	return "", fmt.Errorf("%w (got a %T)", ErrDecimal, v)
}
