package documents

// Rewrite returns the filter with what each makes of every condition in its place. And, Or and Not stay as they are. What is below Inside, Some and Through, where
// fields are another's, is left to each. The first error ends it. f is not changed; nil stays nil.
func Rewrite(f Filter, each func(Filter) (Filter, error)) (Filter, error) {
	switch f := f.(type) {
	case nil:
		return nil, nil //nolint:nilnil // no filter
	case And:
		parts, err := rewriteAll(f, each)
		return And(parts), err
	case Or:
		parts, err := rewriteAll(f, each)
		return Or(parts), err
	case Not:
		part, err := Rewrite(f.F, each)
		return Not{F: part}, err
	}
	return each(f)
}

func rewriteAll(fs []Filter, each func(Filter) (Filter, error)) ([]Filter, error) {
	out := make([]Filter, len(fs))
	for i, f := range fs {
		var err error
		if out[i], err = Rewrite(f, each); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Renamed returns a condition as one on another field of the same scope. And, Or and Not have no field: they stay as they are.
func Renamed(f Filter, field string) Filter {
	switch f := f.(type) {
	case Compare:
		f.Field = field
		return f
	case In:
		f.Field = field
		return f
	case Text:
		f.Field = field
		return f
	case IsNull:
		f.Field = field
		return f
	case Inside:
		f.Field = field
		return f
	case Some:
		f.Field = field
		return f
	case Size:
		f.Field = field
		return f
	case Through:
		f.Field = field
		return f
	}
	return f
}
