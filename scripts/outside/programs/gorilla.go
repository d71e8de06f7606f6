// An echo server of gorilla/websocket with its defaults, which compare Origin with Host, and a
// visitor of it: gorilla serve PORT | gorilla visit URL
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/gorilla/websocket"
)

func serve(port string) {
	upgrader := websocket.Upgrader{EnableCompression: true}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, http.Header{"Set-Cookie": {"gorilla=1"}})
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if conn.WriteMessage(kind, message) != nil {
				return
			}
		}
	})
	if err := http.ListenAndServe("127.0.0.1:"+port, nil); err != nil {
		panic(err)
	}
}

func tell(name string, err error) {
	verdict := "ok"
	if err != nil {
		verdict = err.Error()
	}
	line, _ := json.Marshal(map[string]string{"case": name, "verdict": verdict})
	fmt.Println(string(line))
}

func visit(url, origin string, dialer websocket.Dialer) error {
	address := "ws" + strings.TrimPrefix(url, "http")
	conn, answer, err := dialer.Dial(address, http.Header{"Origin": {origin}})
	if err != nil {
		if answer != nil {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return err
	}
	defer conn.Close()
	if !strings.Contains(answer.Header.Get("Set-Cookie"), "gorilla=1") {
		return fmt.Errorf("no Set-Cookie")
	}
	sent := bytes.Repeat([]byte("gorilla "), 100_000)
	if err := conn.WriteMessage(websocket.BinaryMessage, sent); err != nil {
		return err
	}
	_, back, err := conn.ReadMessage()
	if err != nil {
		return err
	}
	if !bytes.Equal(sent, back) {
		return fmt.Errorf("another message")
	}
	return nil
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2])
		return
	}
	url := os.Args[2]
	tell("Origin of the page", visit(url, url, websocket.Dialer{}))
	tell("compressed", visit(url, url, websocket.Dialer{EnableCompression: true}))
	err := visit(url, "https://evil.example", websocket.Dialer{})
	if err != nil && err.Error() == "status 403" {
		err = nil
	} else if err == nil {
		err = fmt.Errorf("a foreign Origin is let in")
	}
	tell("foreign Origin gets the app's 403", err)
}
