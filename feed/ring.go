package feed

// ring holds the newest entries of a partition, oldest first: those with offsets up to tail.Offset.
type ring struct {
	entries []Entry
	tail    Mark
	bytes   int // of the entries, about
}

// push adds an entry, and drops the oldest if there are more than limit.
func (r *ring) push(e Entry, limit int) {
	r.tail = Mark{r.tail.Offset + 1, e.Link}
	e.Offset = r.tail.Offset
	r.entries = append(r.entries, e)
	r.bytes += size(&e)
	if len(r.entries) > limit {
		r.drop()
	}
}

// drop forgets the oldest entry.
func (r *ring) drop() {
	r.bytes -= size(&r.entries[0])
	r.entries[0] = Entry{} // what it points to is free, although the slice's array lives on
	r.entries = r.entries[1:]
}

// size is about what an entry takes.
func size(e *Entry) int { return 256 + len(e.ID) + len(e.Before) + len(e.After) }

// holds reports whether the mark is of this ring: the entry at its offset, if it is still there, has its link.
func (r *ring) holds(at Mark, oldest uint64) bool {
	switch {
	case at.Offset > r.tail.Offset || at.Offset+1 < oldest:
		return false
	case at.Offset == r.tail.Offset:
		return at == r.tail
	}
	return at.Offset < oldest || r.entries[at.Offset-oldest].Link == at.Link
}

// after appends up to n entries that follow the mark, or a Gap if some of them are gone.
func (r *ring) after(out []Entry, partition int, at Mark, n int) []Entry {
	oldest := r.tail.Offset - uint64(len(r.entries)) + 1
	if !r.holds(at, oldest) {
		return append(out, r.gap(partition))
	}
	if at.Offset == r.tail.Offset {
		return out
	}
	rest := r.entries[at.Offset+1-oldest:]
	return append(out, rest[:min(n, len(rest))]...)
}

func (r *ring) gap(partition int) Entry {
	return Entry{Kind: Gap, Partition: partition, Offset: r.tail.Offset, Link: r.tail.Link}
}
