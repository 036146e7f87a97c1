package scalar_test

import (
	"math"
	"testing"

	"github.com/daybook-cqrs/daybook/scalar"
)

func TestSortableFloat(t *testing.T) {
	rising := []float64{-math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64}
	for i, f := range rising {
		text := scalar.SortableFloat(f)
		if back, err := scalar.FloatFromSortable(text); err != nil || back != f {
			t.Errorf("%g comes back as %g (%v)", f, back, err)
		}
		if i > 0 && text <= scalar.SortableFloat(rising[i-1]) {
			t.Errorf("%g is not behind %g", f, rising[i-1])
		}
	}
	if scalar.SortableFloat(math.Copysign(0, -1)) != scalar.SortableFloat(0) {
		t.Error("0 and -0 differ")
	}
	for _, text := range []string{"", "x", "800000000000000", "80000000000000000", "-000000000000000"} {
		if f, err := scalar.FloatFromSortable(text); err == nil {
			t.Errorf("%q is %g", text, f)
		}
	}
}
