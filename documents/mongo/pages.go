package mongo

import "github.com/daybook-cqrs/daybook/documents"

// pages gathers pages by a key, each document once. MongoDB does not read as of one instant: a document that moves on in the index that it reads, say because its status changes from one to
// another that is asked for too, it gives twice.
type pages struct {
	limit int // of each page
	out   map[string][]documents.Document
	seen  map[[2]string]bool // by key and id
	twice bool               // some came twice
}

func newPages(limit int) *pages {
	return &pages{limit: limit, out: map[string][]documents.Document{}, seen: map[[2]string]bool{}}
}

// add puts a document behind those of its page, unless the page is full or has it.
func (p *pages) add(key string, d documents.Document) {
	of := [2]string{key, d.ID}
	switch {
	case len(p.out[key]) == p.limit:
	case p.seen[of]:
		p.twice = true
	default:
		p.seen[of] = true
		p.out[key] = append(p.out[key], d)
	}
}

// short reports whether a page may have been longer if it had not had a document twice.
func (p *pages) short() bool {
	for _, page := range p.out {
		if p.twice && len(page) < p.limit {
			return true
		}
	}
	return false
}
