package scalar

import (
	"fmt"
	"math"
	"strconv"
)

// SortableFloat returns text of 16 hexadecimal digits whose byte order is the order of finite floats: the bits of IEEE 754, the sign turned over, and all of a negative number. 0 and -0
// are the same.
func SortableFloat(f float64) string {
	if f == 0 {
		f = 0 // there are two
	}
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return fmt.Sprintf("%016x", bits)
}

// FloatFromSortable reads what SortableFloat wrote. Text of another form is an error.
func FloatFromSortable(s string) (float64, error) {
	bits, err := strconv.ParseUint(s, 16, 64)
	if err != nil || len(s) != 16 {
		return 0, fmt.Errorf("not a Float (stored %q)", clip(s))
	}
	if bits>>63 == 1 {
		return math.Float64frombits(bits &^ (1 << 63)), nil
	}
	return math.Float64frombits(^bits), nil
}
