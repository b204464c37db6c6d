// Go's crypto/x509, on all cores:
//
//	devices devices <count> <certificate file> <key file>   one JSON object a line
//	devices chain <folder>                                  a root and an intermediate
package main

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

type device struct {
	Id          string `json:"id"`
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"privateKey"`
}

func main() {
	switch os.Args[1] {
	case "devices":
		count, err := strconv.Atoi(os.Args[2])
		check(err)
		makeDevices(count, open(os.Args[3], os.Args[4]))
	case "chain":
		makeChain(os.Args[2])
	}
}

func makeDevices(count int, by issuer) {
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	defer out.Flush()
	var writing sync.Mutex
	var workers sync.WaitGroup
	cores := runtime.NumCPU()
	for worker := 0; worker < cores; worker++ {
		workers.Add(1)
		go func(first int) {
			defer workers.Done()
			for index := first; index < count; index += cores {
				id := fmt.Sprintf("device-%d", index)
				der, key := issue(id, &by, false)
				certificate, privateKey := encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8(key))
				line, err := json.Marshal(device{id, string(certificate), string(privateKey)})
				check(err)
				writing.Lock()
				out.Write(append(line, '\n'))
				writing.Unlock()
			}
		}(worker)
	}
	workers.Wait()
}

func makeChain(folder string) {
	der, key := issue("Benchmark Root CA", nil, true)
	save(folder, "root", der, key)
	root, err := x509.ParseCertificate(der)
	check(err)
	der, key = issue("Benchmark Intermediate CA", &issuer{root, key}, true)
	save(folder, "intermediate", der, key)
}

func save(folder, name string, der []byte, key crypto.Signer) {
	certificate, privateKey := encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8(key))
	check(os.WriteFile(filepath.Join(folder, name+".pem"), certificate, 0o644))
	check(os.WriteFile(filepath.Join(folder, name+".key"), privateKey, 0o600))
}

func open(certificateFile, keyFile string) issuer {
	certificate, err := x509.ParseCertificate(derOf(certificateFile))
	check(err)
	key, err := x509.ParsePKCS8PrivateKey(derOf(keyFile))
	check(err)
	return issuer{certificate, key.(crypto.Signer)}
}

func derOf(file string) []byte {
	text, err := os.ReadFile(file)
	check(err)
	block, _ := pem.Decode(text)
	return block.Bytes
}

func issue(commonName string, by *issuer, isCa bool) ([]byte, crypto.Signer) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	check(err)
	keyId := sha1.Sum(elliptic.Marshal(key.Curve, key.X, key.Y))
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             time.Now(),
		NotAfter:              time.Now().AddDate(0, 0, 30),
		IsCA:                  isCa,
		BasicConstraintsValid: true,
		SubjectKeyId:          keyId[:],
	}
	if isCa {
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	} else {
		template.KeyUsage = x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if by == nil {
		by = &issuer{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	check(err)
	return der, key
}

func pkcs8(key crypto.Signer) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	return der
}

func encode(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
