package sqlite

import (
	"context"

	"github.com/daybook-cqrs/daybook/documents"
)

// Checkpoints implements documents.Store.
func (s *Store) Checkpoints(ctx context.Context) (map[int]documents.Checkpoint, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT partition, epoch, seq, hash FROM checkpoints WHERE generation = ?`, documents.FirstGeneration)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[int]documents.Checkpoint{}
	for rows.Next() {
		var partition int
		var c documents.Checkpoint
		if err := rows.Scan(&partition, &c.Place.Epoch, &c.Place.Seq, &c.Hash); err != nil {
			return nil, err
		}
		out[partition] = c
	}
	return out, rows.Err()
}

// Advance implements documents.Store.
func (s *Store) Advance(ctx context.Context, partition int, c documents.Checkpoint) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO checkpoints (generation, partition, epoch, seq, hash) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (generation, partition) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash
		WHERE (excluded.epoch, excluded.seq) > (epoch, seq)`,
		documents.FirstGeneration, partition, int64(c.Place.Epoch), int64(c.Place.Seq), c.Hash)
	return err
}
