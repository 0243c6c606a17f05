// client URL AUTHORITIES: Go's own client goes through what every client has to.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

func expect(got, wanted any) {
	if got != wanted {
		panic(fmt.Sprintf("got %v, not %v", got, wanted))
	}
}

func main() {
	url := os.Args[1]
	file, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(file)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authorities}, ForceAttemptHTTP2: true,
	}}
	ask := func(method, path string, body io.Reader) (string, string) {
		request, err := http.NewRequest(method, url+path, body)
		if err != nil {
			panic(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			panic(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			panic(err)
		}
		return string(text), answer.Proto
	}
	text, protocol := ask("GET", "/hello?x=1", nil)
	expect(text, "GET /hello?x=1 0")
	expect(protocol, map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[strings.HasPrefix(url, "https")])
	text, _ = ask("POST", "/form", bytes.NewReader(make([]byte, 1_002)))
	expect(text, "POST /form 1002")
	// Of unknown length: chunked, or a stream of frames.
	text, _ = ask("PUT", "/stream", io.MultiReader(bytes.NewReader(make([]byte, 100_000)), bytes.NewReader(make([]byte, 200_000))))
	expect(text, "PUT /stream 300000")
	text, _ = ask("GET", "/large?1000000", nil)
	expect(len(text), 1_000_000)
	text, _ = ask("HEAD", "/hello", nil)
	expect(text, "")
	var all sync.WaitGroup
	for number := 0; number < 40; number++ {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			text, _ := ask("GET", fmt.Sprintf("/%d", number), nil)
			expect(text, fmt.Sprintf("GET /%d 0", number))
		}(number)
	}
	all.Wait()
}
