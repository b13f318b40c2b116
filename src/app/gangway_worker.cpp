// gangway-worker: runs users' functions beside an engine's rank. All of it is in libgangway.so.
#include "worker/worker.hpp"

int main(int argc, char** argv) {
  return gangway::worker::run(argc, argv);
}
