# try.sh LABEL  (env W T X)
pkill -f 'granian.*812[4]'; sleep 1.5
(bash /tmp/dev/serve9.sh > /tmp/dev/serve9.log 2>&1 &); sleep 5
for i in 1 2 3; do wrk -t1 -c4 -d2s -s /tmp/dev/pt.lua http://127.0.0.1:8124 -- 5$i >/dev/null;done
echo "$1: $(for i in 1 2 3; do wrk -t1 -c4 -d5s -s /tmp/dev/pt.lua http://127.0.0.1:8124 -- 7$i | grep -E 'Requests/sec'; done | tr -d '\n')"
