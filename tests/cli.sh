#!/bin/sh
echo "ok 1 - nothing yet"
