package documents

import "context"

// LastLives returns by id the versions before tombstones: what was deleted as it last lived. Versions that the archive doesn't have are absent.
func LastLives(ctx context.Context, s Store, entity string, tombstones []Document) (map[string]Version, error) {
	if len(tombstones) == 0 {
		return nil, nil //nolint:nilnil // none
	}
	keys := make([]VersionKey, len(tombstones))
	for i := range tombstones {
		keys[i] = VersionKey{ID: tombstones[i].ID, Version: tombstones[i].Version - 1}
	}
	found, err := s.Versions(ctx, entity, keys)
	out := make(map[string]Version, len(found))
	for k, v := range found {
		out[k.ID] = v
	}
	return out, err
}
