package sqlite

import (
	"context"
	"fmt"

	"github.com/daybook-cqrs/daybook/documents"
)

// Checkpoints implements documents.Store.
func (s *Store) Checkpoints(ctx context.Context) (map[int]documents.Checkpoint, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT partition, epoch, seq, hash, watermark FROM checkpoints WHERE generation = ?`, documents.FirstGeneration)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[int]documents.Checkpoint{}
	for rows.Next() {
		var partition int
		var c documents.Checkpoint
		var watermark string
		if err := rows.Scan(&partition, &c.Place.Epoch, &c.Place.Seq, &c.Hash, &watermark); err != nil {
			return nil, err
		}
		if watermark != "" {
			if c.Watermark, err = decodeTime(watermark); err != nil {
				return nil, fmt.Errorf("the watermark of partition %d: %w", partition, err)
			}
		}
		out[partition] = c
	}
	return out, rows.Err()
}

// Advance implements documents.Store.
func (s *Store) Advance(ctx context.Context, partition int, c documents.Checkpoint) error {
	watermark := ""
	if !c.Watermark.IsZero() {
		watermark = encodeTime(c.Watermark)
	}
	_, err := s.write.ExecContext(ctx, `INSERT INTO checkpoints (generation, partition, epoch, seq, hash, watermark) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (generation, partition) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash, watermark = max(watermark, excluded.watermark)
		WHERE (excluded.epoch, excluded.seq) >= (epoch, seq)`,
		documents.FirstGeneration, partition, int64(c.Place.Epoch), int64(c.Place.Seq), c.Hash, watermark)
	return err
}
