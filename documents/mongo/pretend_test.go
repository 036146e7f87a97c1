package mongo_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// hello is what a server of that wire version answers to hello.
func hello(wire int32) bson.D {
	return bson.D{
		{Key: "ismaster", Value: true}, {Key: "maxBsonObjectSize", Value: 16 << 20}, {Key: "maxMessageSizeBytes", Value: 48_000_000},
		{Key: "maxWriteBatchSize", Value: 1000}, {Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: wire}, {Key: "ok", Value: 1.0},
	}
}

// pretend is a server for the length of the test that answers commands so. It returns its URI.
func pretend(t *testing.T, answer func(command string, all bson.Raw) bson.D) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go answers(conn, answer)
		}
	}()
	return "mongodb://" + ln.Addr().String() + "/?serverSelectionTimeoutMS=3000"
}

// answers answers every message of a connection. The command is the first element of an OP_MSG's document, "" in OP_QUERY.
func answers(conn net.Conn, with func(command string, all bson.Raw) bson.D) {
	defer conn.Close()
	for {
		var head [16]byte // length, id, the id that it answers, operation
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		message := make([]byte, binary.LittleEndian.Uint32(head[:])-16)
		if _, err := io.ReadFull(conn, message); err != nil {
			return
		}
		command, all := "", bson.Raw(nil)
		if binary.LittleEndian.Uint32(head[12:]) == 2013 { // behind the flags and the kind of section
			all = message[5:]
			if elements, err := all.Elements(); err == nil && len(elements) > 0 {
				command = elements[0].Key()
			}
		}
		doc, _ := bson.Marshal(with(command, all))
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
