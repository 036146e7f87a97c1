package reactor

import (
	"encoding/base64"
	"encoding/hex"
)

// packed makes a hash shorter, so that those of 1,024 partitions fit into a note.
func packed(hash string) string {
	b, err := hex.DecodeString(hash)
	if err != nil || hex.EncodeToString(b) != hash {
		return "=" + hash
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

func unpacked(text string) string {
	if len(text) > 0 && text[0] == '=' {
		return text[1:]
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	return hex.EncodeToString(b)
}
