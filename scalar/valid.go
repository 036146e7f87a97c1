package scalar

import (
	"unicode/utf8"
)

// Valid reports whether d is a day as ParseDate reads it. A Date that was converted from a string may be none.
func (d Date) Valid() bool {
	if len(d) != 10 || d[4] != '-' || d[7] != '-' {
		return false
	}
	year, ok1 := digits(string(d[:4]))
	month, ok2 := digits(string(d[5:7]))
	day, ok3 := digits(string(d[8:]))
	return ok1 && ok2 && ok3 && year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

// Valid reports whether u is a UUID in the form that ParseUUID returns: 36 characters, lower case.
func (u UUID) Valid() bool {
	if len(u) != 36 {
		return false
	}
	for i := range len(u) {
		c := u[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// Canonical returns j as ParseJSON would make it, or an error that wraps ErrJSON if j is no JSON. Text that is canonical, as all is that was parsed,
// is only looked through.
func (j JSON) Canonical() (JSON, error) {
	if len(j) <= MaxJSONBytes && utf8.ValidString(string(j)) {
		s := scanner{text: string(j)}
		if s.value(0) && s.at == len(j) {
			return j, nil
		}
	}
	return ParseJSON([]byte(j))
}
