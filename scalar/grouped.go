package scalar

import "strconv"

// Grouped writes a number of 0 or more for people, its digits in threes: "61,234".
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
