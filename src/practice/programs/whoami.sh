#!/bin/sh
# A practice host has one real account; under the acting sudo it is called root.
echo "${USER:-ops}"
