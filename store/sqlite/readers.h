#pragma once
// The read connections: each read takes one and gives it back.

#include "store/sqlite/connection.h"

#include <condition_variable>
#include <mutex>

namespace muster::store::sqlite {

/// Thread safe. When all are in use, the next caller waits; callers are as many as the workers.
class Readers {
  public:
    explicit Readers(std::vector<std::unique_ptr<Connection>> connections)
        : free_(std::move(connections)) {}

    Result<void> read(const sql::Work& work);

  private:
    std::unique_ptr<Connection> take();
    void give_back(std::unique_ptr<Connection> connection);

    std::mutex mutex_;
    std::condition_variable given_back_;
    // The last one used is taken first: its page cache is warm.
    std::vector<std::unique_ptr<Connection>> free_;
};

} // namespace muster::store::sqlite
