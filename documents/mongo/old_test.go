package mongo_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/daybook-cqrs/daybook/documents/mongo"
	"github.com/daybook-cqrs/daybook/documents/storetest"
)

// What README says of versions: the driver speaks to MongoDB 4.4 or later, and says so of what is older.
func TestTooOldAServerIsRefusedClearly(t *testing.T) {
	const wire42 = 8 // MongoDB 4.2's
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go helloOnly(conn, wire42)
		}
	}()
	_, err = mongo.Open(t.Context(), "mongodb://"+ln.Addr().String()+"/?serverSelectionTimeoutMS=3000", storetest.Model(t), mongo.Options{})
	if err == nil || !strings.Contains(err.Error(), "4.4") || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
}

// helloOnly answers every message as a server of that wire version answers hello.
func helloOnly(conn net.Conn, wire int32) {
	defer conn.Close()
	doc, _ := bson.Marshal(bson.D{
		{Key: "ismaster", Value: true}, {Key: "maxBsonObjectSize", Value: 16 << 20}, {Key: "maxMessageSizeBytes", Value: 48_000_000},
		{Key: "maxWriteBatchSize", Value: 1000}, {Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: wire}, {Key: "ok", Value: 1.0},
	})
	for {
		var head [16]byte // length, id, the id that it answers, operation
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, conn, int64(binary.LittleEndian.Uint32(head[:]))-16); err != nil {
			return
		}
		answer := make([]byte, 16, 36+len(doc))
		copy(answer[8:12], head[4:8])
		if binary.LittleEndian.Uint32(head[12:]) == 2013 { // OP_MSG
			binary.LittleEndian.PutUint32(answer[12:], 2013)
			answer = append(answer, 0, 0, 0, 0, 0) // flags, kind of section
		} else { // OP_QUERY, answered by OP_REPLY
			binary.LittleEndian.PutUint32(answer[12:], 1)
			answer = append(answer, make([]byte, 16)...) // flags, cursor, from
			answer = binary.LittleEndian.AppendUint32(answer, 1)
		}
		answer = append(answer, doc...)
		binary.LittleEndian.PutUint32(answer, uint32(len(answer)))
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}
