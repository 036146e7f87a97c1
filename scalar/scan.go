package scalar

// scanner tells whether a text is canonical JSON, without making anything of it. It is cautious: of what it isn't sure of, such as strings with
// escapes, it says no.
type scanner struct {
	text string
	at   int
}

func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) take(word string) bool {
	if len(s.text)-s.at < len(word) || s.text[s.at:s.at+len(word)] != word {
		return false
	}
	s.at += len(word)
	return true
}

// value reads one value inside of depth lists and objects.
func (s *scanner) value(depth int) bool {
	switch c := s.next(); c {
	case '{', '[':
		return depth < MaxJSONDepth && s.container(c, depth)
	case '"':
		_, ok := s.str()
		return ok
	case 't':
		return s.take("true")
	case 'f':
		return s.take("false")
	case 'n':
		return s.take("null")
	}
	return s.number()
}

// container reads an object, whose keys must rise, or a list.
func (s *scanner) container(open byte, depth int) bool {
	end := open + 2 // '}' and ']' in ASCII
	s.at++
	if s.next() == end {
		s.at++
		return true
	}
	for last, first := "", true; ; first = false {
		if open == '{' {
			key, ok := s.str()
			if !ok || !first && key <= last || !s.take(":") {
				return false
			}
			last = key
		}
		if !s.value(depth + 1) {
			return false
		}
		switch s.next() {
		case ',':
			s.at++
		case end:
			s.at++
			return true
		default:
			return false
		}
	}
}

// str reads a string without escapes and without the line separators U+2028 and U+2029, which encoding/json escapes.
func (s *scanner) str() (string, bool) {
	if s.next() != '"' {
		return "", false
	}
	s.at++
	start := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[start : s.at-1], true
		case c < ' ' || c == '\\' || c == 0xe2:
			return "", false
		}
	}
	return "", false
}

// number reads a number of RFC 8259.
func (s *scanner) number() bool {
	if s.next() == '-' {
		s.at++
	}
	if s.next() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.next() == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if c := s.next(); c == 'e' || c == 'E' {
		s.at++
		if c := s.next(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for c := s.next(); c >= '0' && c <= '9'; c = s.next() {
		s.at++
	}
	return s.at > start
}
