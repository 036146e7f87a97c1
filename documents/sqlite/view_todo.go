package sqlite

import (
	"context"
	"errors"

	"github.com/daybook-cqrs/daybook/documents"
)

var errNotYet = errors.New("views are not stored yet")

// LoadView is a stub.
func (s *Store) LoadView(context.Context, string, []string) (map[string]documents.ViewDocument, error) {
	return nil, errNotYet
}

// WriteView is a stub.
func (s *Store) WriteView(context.Context, string, []documents.ViewWrite) ([]bool, error) {
	return nil, errNotYet
}

// ViewCheckpoints is a stub.
func (s *Store) ViewCheckpoints(context.Context, string) (map[int]documents.Checkpoint, error) {
	return nil, errNotYet
}

// AdvanceViews is a stub.
func (s *Store) AdvanceViews(context.Context, int, []string, documents.Checkpoint) error {
	return errNotYet
}

// ViewReady is a stub.
func (s *Store) ViewReady(context.Context, string) (bool, error) { return false, errNotYet }

// SetViewReady is a stub.
func (s *Store) SetViewReady(context.Context, string) error { return errNotYet }

// DropView is a stub.
func (s *Store) DropView(context.Context, string) error { return errNotYet }
