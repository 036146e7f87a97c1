package storetest

import (
	"bytes"
	"sync"

	"github.com/daybook-cqrs/daybook/documents"
)

// secret: several that ask at first at once get the same, and so does everyone later; another store has another.
func (s *suite) secret() {
	got := make([][]byte, 8)
	errs := make([]error, len(got))
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i], errs[i] = s.store.Secret(s.ctx) })
	}
	wg.Wait()
	for i := range got {
		s.ok(errs[i])
		if len(got[i]) != documents.SecretBytes || !bytes.Equal(got[i], got[0]) {
			s.Fatalf("the secrets are %x and %x", got[0], got[i])
		}
	}
	s.ok(s.store.Setup(s.ctx))
	again, err := s.store.Secret(s.ctx)
	s.ok(err)
	if !bytes.Equal(again, got[0]) {
		s.Fatal("the secret has changed")
	}
	other := s.open(s.T, s.model)
	s.ok(other.Setup(s.ctx))
	of, err := other.Secret(s.ctx)
	s.ok(err)
	if bytes.Equal(of, got[0]) {
		s.Fatal("two stores have one secret")
	}
}
